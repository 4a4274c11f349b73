"""A plain Llama of a wanted size, and the module that computes answer losses."""

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from datagen.schema import MAX_HOPS
from estimators.forward import Layout, answer_losses, prepare
from trainer.config import ModelConfig

HEAD_SIZE = 16
MLP_RATIO = 4
MAX_WIDTH = 16_384
INITIALIZER_RANGE = 0.02


def count_parameters(*, width: int, num_layers: int, vocab_size: int, tied: bool) -> int:
    """Return the parameters of a Llama with heads of size 16 and a gated MLP of 4 x the width.

    Each layer: 4 w^2 (attention) + 12 w^2 (gate, up, down) + 2 w (norms).
    """
    layer = 4 * width**2 + 3 * MLP_RATIO * width**2 + 2 * width
    return vocab_size * width * (1 if tied else 2) + num_layers * layer + width


def nearest_width(config: ModelConfig, vocab_size: int) -> int:
    """Return the multiple of the head size whose parameter count is nearest to the wanted one."""

    def distance(width: int) -> int:
        count = count_parameters(
            width=width,
            num_layers=config.num_layers,
            vocab_size=vocab_size,
            tied=config.tie_embeddings,
        )
        return abs(count - config.num_parameters)

    return min(range(HEAD_SIZE, MAX_WIDTH + 1, HEAD_SIZE), key=distance)


def build_model(
    config: ModelConfig,
    *,
    tokenizer: PreTrainedTokenizerFast,
    sequence_length: int,
    seed: int,
) -> LlamaForCausalLM:
    """Build a Llama with fresh weights; the same seed gives the same weights."""
    vocab_size = len(tokenizer)
    width = nearest_width(config, vocab_size)
    llama = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=width,
        intermediate_size=MLP_RATIO * width,
        num_hidden_layers=config.num_layers,
        num_attention_heads=width // HEAD_SIZE,
        num_key_value_heads=width // HEAD_SIZE,
        head_dim=HEAD_SIZE,
        max_position_embeddings=sequence_length,
        tie_word_embeddings=config.tie_embeddings,
        initializer_range=INITIALIZER_RANGE,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
        use_cache=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(llama)
    # Greedy answers, as losses are measured: generation stops at the separator by itself.
    model.generation_config.use_cache = True
    return model


class AnswerLoss(nn.Module):
    """What a training step calls: sums of losses over a batch, so that any share adds up."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        """Wrap a model; its weights are shared."""
        super().__init__()
        self.model = prepare(model)

    def forward(self, layout: Layout) -> Tensor:
        """Return the summed answer losses of a batch in nats, by hop count: [MAX_HOPS]."""
        losses = answer_losses(self.model, layout)
        return losses.new_zeros(MAX_HOPS).index_add(0, layout.answer_hops, losses)
