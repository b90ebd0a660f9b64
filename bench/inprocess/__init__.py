"""What a request costs inside the process, without a server: exact counts of bytecodes, and µs from interleaved pairs."""
