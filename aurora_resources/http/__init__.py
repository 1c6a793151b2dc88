"""The one HTTP client of Aurora, and its manners.

`client.py` puts questions to a provider, patiently; `exchange.py` makes one request, of which `request.py` is
what is sent. `statuses.py` and `retry_after.py` read what HTTP itself says about an answer; `redaction.py`
keeps keys out of messages and logs; `fetcher.py` asks several providers. What an answer means beyond HTTP is
for the adapters in `providers/`.
"""
