// Imported before the generated code: 64-bit fields are plain numbers here (milliseconds and
// sequence numbers stay far below 2^53), so protobufjs must not wrap them in Long objects.
import protobuf from 'protobufjs/minimal.js';

(protobuf.util as { Long: unknown }).Long = undefined;
protobuf.configure();
