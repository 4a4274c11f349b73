"""Train small Llamas on streams of questions: token buffers -> checkpoints."""
