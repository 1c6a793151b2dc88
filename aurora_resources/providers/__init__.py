"""Provider adapters, one folder a protocol, one module a provider.

A class asks (one method a request, the body comes back as received); a function beside it understands
(bytes in, typed records in exact integers out). Transport, limits and retries are in `aurora_resources.http`.
"""
