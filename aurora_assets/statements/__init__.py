"""Monthly statements: from booked lines to what is approved, released, paid and handed out as a file.

The rules (states, people, balances, content) are in `commission/`; here is reading, writing and form.
"""
