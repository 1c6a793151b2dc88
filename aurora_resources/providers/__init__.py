"""Provider adapters, one folder a protocol, one module a provider.

A class builds requests (one method each; the body comes back as received); a function beside it parses
(bytes in, typed records in exact integers out). Transport, limits and retries are in `aurora_resources.http`.
"""
