#pragma once

#include <array>
#include <string_view>

namespace gw::test {

// What Azure's own JavaScript clients sent (identity 1.3.1, phone-numbers 1.5.0), signed with the
// key of 64 bytes 00..3f, at 127.0.0.1:18443.
struct RecordedRequest {
  std::string_view name, method, target, date, content_hash, signature, body;
};
constexpr std::string_view kRecordedHost = "127.0.0.1:18443";
constexpr std::string_view kRecordedKey =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

constexpr std::array<RecordedRequest, 15> kRecorded{{
    {"identity-createUser", "POST", "/identities?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
     "owEUa2NbrPgSmp7EZU8kscFYQ6hN3/ePJDUwdx7T3Yw=", R"()"},
    {"identity-createUserAndToken-expires", "POST", "/identities?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT",
     "riqUJMgNPJKPTzCcn0B7ducXw4YeJM1Nm7f+AosM3sU=", "hmF3+f1NuqtnEZipi4kMPHkNyoCwXgBRVWSHGPYi+Hc=",
     R"({"createTokenWithScopes":["voip"],"expiresInMinutes":60})"},
    {"identity-createUserAndToken", "POST", "/identities?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT",
     "fYTayOkxDFdoXd25BoJTvoTLLr5+QVfLFXvdJep6oNs=", "fUyulfNwNMsBS1fDnilwR07BoVHX5HH2amG4XkIQ2e4=",
     R"({"createTokenWithScopes":["chat","voip"]})"},
    {"identity-deleteUser", "DELETE",
     "/identities/"
     "8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001?api-"
     "version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
     "/p83ZyS5hvoSUrLgfz8pnJuTz0NJa1jy0fd39udT3XM=", R"()"},
    {"identity-getToken-expires", "POST",
     "/identities/"
     "8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001/"
     ":issueAccessToken?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT",
     "Lhdre5m+5A/ZDL5wv82zyOoUURUgUV+vea22rERYOVs=", "XyA+OEvgL6BS+lBT6Ticw2NYHwLrPoaZplU1TP8OXRg=",
     R"({"scopes":["voip.join"],"expiresInMinutes":1440})"},
    {"identity-getToken", "POST",
     "/identities/"
     "8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001/"
     ":issueAccessToken?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT", "EqW/vFkRi/EMVlRLG6+kt0X27SowO7NytIh/miHOZlY=",
     "W8LqgSGFUXVAYZ5RtDg4aqtCpYqhrFf7QwH0xslKnzw=", R"({"scopes":["chat","voip"]})"},
    {"identity-revokeTokens", "POST",
     "/identities/"
     "8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001/"
     ":revokeAccessTokens?api-version=2023-10-01",
     "Fri, 20 Nov 2026 15:07:08 GMT", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
     "cGdfXpSpnLqIKTNyZ8cY+McFriyjKA+ZlXblRKUrnGI=", R"()"},
    {"phone-listPurchasedPhoneNumbers", "GET",
     "/phoneNumbers?skip=0&api-version=2025-06-01&top=100", "Fri, 20 Nov 2026 15:07:08 GMT",
     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "EDefJgkqm1NV4UfLpTqqL8xyTWW8E4KbAzEroOqE8mA=",
     R"()"},
    {"sip-deleteTrunk", "PATCH", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "cQkInZla/cIzV+2fyYFttfNxjvNrms0Q9OAVDsOZUz4=", "i/yzv2ENfzhiE5Hk+/NoMj3e4L6mtm3FHX5w0/m/22s=",
     R"({"trunks":{"old.contoso.test":null}})"},
    {"sip-getRoutes", "GET", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "S5QkzkT/u6s9dgEtGOQ6HnC0HzHzuzPGp+d0sQ0qV84=",
     R"()"},
    {"sip-getTrunks", "GET", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "S5QkzkT/u6s9dgEtGOQ6HnC0HzHzuzPGp+d0sQ0qV84=",
     R"()"},
    {"sip-setRoutes", "PATCH", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "dGU7qyW++16Ziezb3PuEGJ97/Iy34J0nv02XDaAGfoc=", "yKPFkE0XwRHNHfpb/R77C6HJlbCVjH+1EoEKfrb7YnU=",
     R"({"routes":[{"description":"everything","name":"all","numberPattern":"^\\+[1-9][0-9]{3,23}$","trunks":["sbc1.contoso.test"]}]})"},
    {"sip-setTrunk", "PATCH", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "o2gtrPdC+0kCXZ8dF/6ger6Hnxxl0Mm60XsFB0HP920=", "8zaTtj+Y1fzEC7zChm0lgPlWqz/QooIoasd+BMiiFP4=",
     R"({"trunks":{"sbc1.contoso.test":{"sipSignalingPort":5061}}})"},
    {"sip-setTrunks", "GET", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "S5QkzkT/u6s9dgEtGOQ6HnC0HzHzuzPGp+d0sQ0qV84=",
     R"()"},
    {"sip-setTrunks-2", "PATCH", "/sip?api-version=2023-03-01", "Fri, 20 Nov 2026 15:07:08 GMT",
     "ax/Z2k1UDT77PmPPOS9w0tbG+gj7RpXdgSXDfTB2Z6g=", "JoFDfMs5NvLKk/b8yb/RZUgiIXVy4xyyW9A0HUWWnL4=",
     R"({"trunks":{"sbc1.contoso.test":{"sipSignalingPort":5061},"sbc2.contoso.test":{"sipSignalingPort":5067},"old.contoso.test":null}})"},
}};

}  // namespace gw::test
