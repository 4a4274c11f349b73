"""From checkpoints to bits: losses, entropies, capacity, figures."""
