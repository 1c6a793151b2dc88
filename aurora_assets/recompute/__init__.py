"""Computing booked periods again: what would change, what is stale, what a draft agreement would pay."""
