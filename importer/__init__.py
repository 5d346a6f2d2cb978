"""Get a messy patient spreadsheet into Solv as bookings, and never book anybody twice."""

__version__ = "0.1.0"
