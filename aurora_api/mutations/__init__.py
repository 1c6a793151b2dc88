"""What can be done: one module a noun. Every change is one transaction, its audit row included."""
