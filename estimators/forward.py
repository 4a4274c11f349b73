"""Run a plain Llama over packed questions, and compute nothing that no answer needs.

    tokens of all segments, no padding      [1, M]      embeddings, projections, MLPs
    one segment a line, padded              [S, T]      attention only
    tokens that predict an answer token     [1, K]      last layer's queries and MLP, output matrix

The model stays a `LlamaForCausalLM` with its own weights and its own forward: `prepare` only
registers an attention function and gives the last layer a second way to run. Both are used when
`answer_losses` calls the model; any other call behaves as transformers has it.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor
from transformers import AttentionInterface, LlamaForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, apply_rotary_pos_emb

from datagen.kernels.lay_segments import (
    ANSWER_WIDTH,
    NUM_ANSWERS,
    NUM_SEGMENTS,
    NUM_TOKENS,
    WIDTH,
    Segments,
)

ATTENTION = "factbits_segments"


class Layout(NamedTuple):
    """The index tensors of one batch on the model's device; see kernels/lay_segments.py."""

    token_ids: Tensor
    """[1, M]"""
    position: Tensor
    """[1, M]"""
    grid: Tensor
    """[S * T]"""
    slot: Tensor
    """[M]"""
    answer_source: Tensor
    """[K]"""
    answer_target: Tensor
    """[K], int64"""
    answer_question: Tensor
    """[K], int64"""
    answer_hops: Tensor
    """[K], int64; 0 for one hop"""
    answer_grid: Tensor
    """[S * Ta]"""
    answer_slot: Tensor
    """[K]"""
    num_segments: int
    """S"""


def to_layout(segments: Segments, device: torch.device) -> Layout:
    """Move one batch to a device (asynchronously from pinned memory)."""
    sizes = segments.sizes
    m, k = int(sizes[NUM_TOKENS]), int(sizes[NUM_ANSWERS])
    places = int(sizes[NUM_SEGMENTS] * sizes[WIDTH])
    answer_places = int(sizes[NUM_SEGMENTS] * sizes[ANSWER_WIDTH])

    def move(array: np.ndarray, size: int) -> Tensor:
        return torch.from_numpy(array[:size]).to(device, non_blocking=True)

    return Layout(
        token_ids=move(segments.token_ids, m)[None],
        position=move(segments.position, m)[None],
        grid=move(segments.grid, places),
        slot=move(segments.slot, m),
        answer_source=move(segments.answer_source, k),
        answer_target=move(segments.answer_target, k).long(),
        answer_question=move(segments.answer_question, k).long(),
        answer_hops=move(segments.answer_hops, k).long(),
        answer_grid=move(segments.answer_grid, answer_places),
        answer_slot=move(segments.answer_slot, k),
        num_segments=int(sizes[NUM_SEGMENTS]),
    )


class _Gather(torch.autograd.Function):
    """Pick rows by `index`; go back by `inverse`, which is a read too and not a scattered add.

    Right where each row is picked once, and whatever else is picked (padding) gets no gradient:
    causal attention never shows a segment's padding to its tokens, and its own output is dropped.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return rows.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(0, ctx.saved_tensors[0]), None, None


class _Drop(torch.autograd.Function):
    """Read back the rows that are real; go back by writing them where they came from."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, slot: Tensor) -> Tensor:
        ctx.save_for_backward(slot)
        ctx.num_rows = rows.shape[0]
        return rows.index_select(0, slot)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        rows = gradient.new_zeros(ctx.num_rows, gradient.shape[1])
        return rows.index_copy_(0, ctx.saved_tensors[0].long(), gradient), None


def _on_grid(heads: Tensor, grid: Tensor, slot: Tensor, num_segments: int) -> Tensor:
    """[1, H, M, D] -> [S, H, T, D]: pick tokens by index, one segment a line."""
    _, num_heads, _, size = heads.shape
    tokens = heads[0].transpose(0, 1).reshape(-1, num_heads * size)
    picked = _Gather.apply(tokens, grid, slot)
    return picked.view(num_segments, -1, num_heads, size).transpose(1, 2)


def _off_grid(heads: Tensor, slot: Tensor) -> Tensor:
    """[S, H, T, D] -> [1, M, H, D]: read back the tokens that are real."""
    _, num_heads, _, size = heads.shape
    tokens = _Drop.apply(heads.transpose(1, 2).reshape(-1, num_heads * size), slot)
    return tokens.view(1, -1, num_heads, size)


def segment_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    layout: Layout | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Causal attention within each segment; without a layout, transformers' own attention."""
    if layout is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
    q, k, v = (
        _on_grid(heads, layout.grid, layout.slot, layout.num_segments)
        for heads in (query, key, value)
    )
    attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling)
    return _off_grid(attended, layout.slot), None


class AnswerLayer(LlamaDecoderLayer):
    """The last decoder layer, which can run for the tokens that predict an answer alone."""

    def forward(
        self,
        hidden_states: Tensor,
        *args: Any,
        position_embeddings: tuple[Tensor, Tensor] | None = None,
        layout: Layout | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Return [1, M, C] without a layout, and [1, K, C] with one."""
        if layout is None or position_embeddings is None:
            return super().forward(
                hidden_states, *args, position_embeddings=position_embeddings, **kwargs
            )
        attention, source = self.self_attn, layout.answer_source
        normed = self.input_layernorm(hidden_states)
        heads = (1, -1, attention.config.num_attention_heads, attention.head_dim)
        key = attention.k_proj(normed).view(heads).transpose(1, 2)
        value = attention.v_proj(normed).view(heads).transpose(1, 2)
        query = attention.q_proj(normed.index_select(1, source)).view(heads).transpose(1, 2)
        cos, sin = position_embeddings
        key, _ = apply_rotary_pos_emb(key, key, cos, sin)
        query, _ = apply_rotary_pos_emb(
            query, query, cos.index_select(1, source), sin.index_select(1, source)
        )
        q = _on_grid(query, layout.answer_grid, layout.answer_slot, layout.num_segments)
        k, v = (
            _on_grid(states, layout.grid, layout.slot, layout.num_segments)
            for states in (key, value)
        )
        last_seen = layout.position[0].index_select(0, source).index_select(0, layout.answer_grid)
        seen = torch.arange(k.shape[2], device=k.device) <= last_seen.view(len(q), 1, -1, 1)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, scale=attention.scaling)
        attended = _off_grid(attended, layout.answer_slot).flatten(2)
        hidden = hidden_states.index_select(1, source) + attention.o_proj(attended)
        return hidden + self.mlp(self.post_attention_layernorm(hidden))


def prepare(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """Let a model run over layouts; its weights, names and plain behaviour stay as they are."""
    AttentionInterface.register(ATTENTION, segment_attention)
    model.set_attn_implementation(ATTENTION)
    model.model.layers[-1].__class__ = AnswerLayer
    return model


def answer_losses(model: LlamaForCausalLM, layout: Layout) -> Tensor:
    """Return the loss of every answer token in nats, [K] in float32; `model` is prepared."""
    hidden = model.model(
        input_ids=layout.token_ids, position_ids=layout.position, use_cache=False, layout=layout
    ).last_hidden_state
    logits = model.lm_head(hidden[0]).float()
    return F.cross_entropy(logits, layout.answer_target, reduction="none")
