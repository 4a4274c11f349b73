"""From checkpoints to what each layer knows."""
