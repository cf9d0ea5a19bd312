"""A report's documents in one folder that shows any later change: written by `bundle`, checked by `verification`."""
