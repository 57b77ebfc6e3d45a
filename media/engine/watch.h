#pragma once

namespace gw::media {

class PhonePort;
class TcpListener;
class UdpSocket;
struct Abroad;
struct TcpPeer;

// What an epoll event of a worker is about; the kernel keeps a pointer to it, so it stays where it
// is as long as its descriptor is watched.
struct Watch {
  enum class Kind { Mailbox, WebRtc, PhoneRtp, PhoneRtcp, TcpListener, TcpPeer, Ring };

  Kind kind = Kind::Mailbox;
  UdpSocket* socket = nullptr;  // Owned by the worker or by the phone port.
  PhonePort* phone = nullptr;
  TcpListener* listener = nullptr;
  TcpPeer* tcp = nullptr;
  Abroad* abroad = nullptr;  // Whose ring it is.
};

// Level-triggered input.
void watch_input(int epoll, int fd, Watch* watch);

}  // namespace gw::media
