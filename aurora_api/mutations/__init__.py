"""The mutations: one module a noun. Every change is one transaction, with its row in the audit log."""
