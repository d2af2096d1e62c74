"""The recipe of the unwaxing restorer."""
