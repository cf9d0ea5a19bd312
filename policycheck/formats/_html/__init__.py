"""The audit record as one page: what its chapters hold, and the templates and style sheet that they are set in."""
