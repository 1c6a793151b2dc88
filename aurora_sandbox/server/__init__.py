"""The sandbox's HTTP server: requests, faults, recordings, and the state of what is served."""
