"""What an update gives away of the data that it was computed from, and what our two servers see of it instead."""
