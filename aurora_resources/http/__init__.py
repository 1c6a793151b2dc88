"""The one HTTP client of Aurora.

`client.py` fetches from one provider within its limits, with retries and a circuit breaker; `exchange.py`
makes a single request; `statuses.py` turns HTTP statuses into errors; `redaction.py` keeps secrets out of
messages and logs; `fetcher.py` serves several providers. Bodies are read by the adapters in `providers/`.
"""
