"""Recompute of booked periods: plans, stale periods, ordered recomputes, simulations of drafts."""
