"""The provider sandbox: an HTTP server that speaks every provider's wire format.

It serves a world (generated from a seed, or read from a file) or replays a recording, and makes faults
on demand. The adapters in `aurora_resources.providers` cannot tell it from the real hosts.
"""
