"""What we show: the GraphQL service and the `aurora` command.

Nothing here computes an amount; it reads what `aurora_assets` booked in the warehouse.
"""
