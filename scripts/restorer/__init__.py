"""The recipe of the anchored restorer: people to learn from, faults, pairs of damaged and true crops."""
