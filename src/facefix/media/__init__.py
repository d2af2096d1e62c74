"""Files in and out: probe, decode, colour conversion, encode, remux. All of it streams; nothing is dumped to disk."""
