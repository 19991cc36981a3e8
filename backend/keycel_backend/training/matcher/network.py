"""The learned matcher: a describer of the regions of one drawing, and a judge of pairs of drawings.

The describer is a small convolutional network on the line picture, read at places inside each region,
joined with outline and surroundings and mixed with the neighbours. The judge is belief propagation over the
adjacency graph whose evidence, support and updates are learned (as in neural enhanced belief
propagation, Satorras & Welling 2021): every target region weighs a few candidates and "new"; neighbours
tell it which of them agree with their own; sources tell it how much of them is claimed already.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from keycel_backend.regions.learned_cues import CUES, HAND_CUE, HAND_TRAIT, LINKS, TRAITS
from keycel_backend.regions.learned_views import SHAPE
from keycel_backend.regions.matching import CANDIDATES

HEADS = 4
_HEAD_SIZE = 16
CODE = HEADS * _HEAD_SIZE
"""Length of a region's description."""
_OUTLINE, _CONTEXT = 196, 288
_CHANNELS = 24
_STATE = 40
_VOICES = 6
_ROUNDS = 4
_EDGE_FACTS = 9
_SUPPORT = 16
_NEVER = -30.0
"""Log-odds of a candidate that is only filling."""


def _layers(*sizes: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(sizes)):
        parts += [nn.Linear(before, after)] + ([nn.ReLU()] if index < len(sizes) - 2 else [])
    return nn.Sequential(*parts)


def _sum_by_row(start: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """`start` with each of `values` added to its row. (`index_add` loses its sum on the way to ONNX.)"""
    index = rows.view(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return start.scatter_add(0, index, values)


def _convolution(before: int, after: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(before, after, 3, stride, dilation, dilation)
    return nn.Sequential(layer, nn.ReLU())


class LineNetwork(nn.Module):
    """Features of a line picture at a quarter and an eighth of its size, summed at a quarter."""

    def __init__(self, channels: int = _CHANNELS) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            _convolution(1, channels // 2, 2),
            _convolution(channels // 2, channels, 2),
            _convolution(channels, channels),
        )
        self.coarse = nn.Sequential(
            _convolution(channels, 2 * channels, 2),
            _convolution(2 * channels, 2 * channels),
            _convolution(2 * channels, 2 * channels, dilation=2),
            _convolution(2 * channels, 2 * channels, dilation=4),
        )

    def forward(self, lines: Tensor, drawing: Tensor, points: Tensor) -> Tensor:
        """(n, 3 * channels) mean over the points of each region. `lines`: (d, 1, height, width) 0..1."""
        fine = self.fine(lines)
        found = [_read(picture, drawing, points) for picture in (fine, self.coarse(fine))]
        return torch.cat(found, dim=1)


def _read(picture: Tensor, drawing: Tensor, points: Tensor) -> Tensor:
    height, width = picture.shape[2], picture.shape[3]
    x = ((points[..., 0] + 1.0) * (0.5 * width)).long().clamp(0, width - 1)
    y = ((points[..., 1] + 1.0) * (0.5 * height)).long().clamp(0, height - 1)
    cells = picture.permute(0, 2, 3, 1).reshape(-1, picture.shape[1])
    return cells[(drawing[:, None] * height + y) * width + x].mean(dim=1)


class Describer(nn.Module):
    """Describes each region of one drawing, or of several of the same size, by `HEADS` unit vectors."""

    def __init__(self, with_pictures: bool = True) -> None:
        super().__init__()
        self.pictures = LineNetwork() if with_pictures else None
        seen = 3 * _CHANNELS if with_pictures else 0
        self.inner = _layers(_OUTLINE + _CONTEXT + SHAPE + seen, 128, CODE)
        self.mix = nn.ModuleList([_layers(2 * CODE, CODE, CODE) for _ in range(2)])

    def forward(
        self,
        lines: Tensor,
        drawing: Tensor,
        points: Tensor,
        outline: Tensor,
        context: Tensor,
        shape: Tensor,
        edges: Tensor,
        contact: Tensor,
    ) -> Tensor:
        """(n, CODE). `drawing`: (n,) row of `lines` that a region is on; the rest as in `DrawingView`."""
        known = [outline, context, shape]
        if self.pictures is not None:
            known.append(self.pictures(lines, drawing, points))
        code: Tensor = self.inner(torch.cat(known, dim=1))
        both = torch.cat([edges, edges.flip(1)])
        say = torch.cat([contact, contact]) + 0.05
        total = _sum_by_row(torch.zeros_like(code[:, 0]), both[:, 0], say) + 1e-3
        for mix in self.mix:
            heard = _sum_by_row(torch.zeros_like(code), both[:, 0], code[both[:, 1]] * say[:, None])
            code = code + mix(torch.cat([code, heard / total[:, None]], dim=1))
        heads = code.view(-1, HEADS, _HEAD_SIZE)
        return (heads / (heads.norm(dim=2, keepdim=True) + 1e-6)).reshape(-1, CODE)


class _Round(nn.Module):
    """One exchange between neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.update = _layers(2 * _STATE + _VOICES + 3, 64, _STATE)
        self.judge = nn.Linear(_STATE, 1)

    def forward(self, state: Tensor, facts: Tensor) -> tuple[Tensor, Tensor]:
        """New state and log-odds (n, K + 1) of every match."""
        state = state + self.update(facts)
        return state, self.judge(state)[..., 0]


class _Support(nn.Module):
    """(e, K + 1, K + 1, voices) log-support of each pair of matches of two neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.of_facts = nn.Linear(_EDGE_FACTS, _SUPPORT)
        self.of_links = nn.Linear(LINKS, _SUPPORT)
        self.one_new = nn.Parameter(torch.zeros(_SUPPORT))
        self.both_new = nn.Parameter(torch.zeros(_SUPPORT))
        self.voices = nn.Linear(_SUPPORT, _VOICES)

    def forward(self, facts: Tensor, links: Tensor) -> Tensor:
        known = nn.functional.pad(self.of_facts(facts), (0, 0, 0, 1, 0, 1))
        new = torch.arange(CANDIDATES + 1, device=facts.device) == CANDIDATES
        one = (new[:, None] != new).to(facts.dtype)[..., None] * self.one_new
        both = (new[:, None] & new).to(facts.dtype)[..., None] * self.both_new
        return self.voices(torch.relu(known + self.of_links(links)[:, None, None] + one + both))


class Judge(nn.Module):
    """Beliefs of all target regions of a pair of drawings (or of several pairs, stacked)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = _layers(CUES + TRAITS + HEADS, 64, _STATE)
        self.begin_new = _layers(TRAITS + _STATE, 64, _STATE)
        self.judge = nn.Linear(_STATE, 1)
        self.trust = nn.Parameter(torch.ones(_ROUNDS + 1))
        """How far the hand-made matcher's log-beliefs count; what is learned corrects them."""
        self.support = _Support()
        self.rounds = nn.ModuleList([_Round() for _ in range(_ROUNDS)])

    def forward(
        self,
        candidates: Tensor,
        valid: Tensor,
        cues: Tensor,
        traits: Tensor,
        place: Tensor,
        landing: Tensor,
        growth: Tensor,
        edges: Tensor,
        links: Tensor,
        reach: Tensor,
        touching: Tensor,
        target_area: Tensor,
        source_area: Tensor,
        target_code: Tensor,
        source_code: Tensor,
    ) -> Tensor:
        """(rounds + 1, n, CANDIDATES + 1) log-beliefs after each round; the last counts. Last column: new."""
        alike = (
            (target_code[:, None] * source_code[candidates])
            .view(-1, CANDIDATES, HEADS, _HEAD_SIZE)
            .sum(dim=3)
        )
        spread = traits[:, None].expand(-1, CANDIDATES, -1)
        state = self.begin(torch.cat([cues, spread, 2.0 * alike], dim=2))
        new = self.begin_new(torch.cat([traits, state.amax(dim=1)], dim=1))
        state = torch.cat([state, new[:, None]], dim=1)
        never = nn.functional.pad((valid - 1.0) * -_NEVER, (0, 1))
        hand = (
            torch.cat([cues[..., HAND_CUE], traits[:, HAND_TRAIT, None]], dim=1).clamp(min=1e-3).log() + never
        )
        facts = _edge_facts(candidates, place, landing, growth, edges, links, reach, touching)
        support = self.support(facts, links)
        belief = torch.log_softmax(self.judge(state)[..., 0] + self.trust[0] * hand, dim=1)
        history = [belief]
        ends = edges.reshape(-1)
        degree = _sum_by_row(torch.zeros_like(target_area), ends, torch.ones_like(ends).to(target_area.dtype))
        calm = 1.0 / torch.sqrt(degree.clamp(min=1.0))
        for one, trust in zip(self.rounds, self.trust[1:], strict=True):
            heard = _hear(belief, support, edges) * calm[:, None, None]
            claimed = _claimed(belief, candidates, target_area, source_area)
            pooled = state.amax(dim=1, keepdim=True).expand(-1, CANDIDATES + 1, -1)
            facts = [state, pooled, heard, belief[..., None].clamp(min=-10.0), claimed]
            state, answer = one(state, torch.cat(facts, dim=2))
            belief = torch.log_softmax(answer + trust * hand, dim=1)
            history.append(belief)
        return torch.stack(history)


def _edge_facts(
    candidates: Tensor,
    place: Tensor,
    landing: Tensor,
    growth: Tensor,
    edges: Tensor,
    links: Tensor,
    reach: Tensor,
    touching: Tensor,
) -> Tensor:
    """(e, K, K, facts) how well two matches of two neighbours go together; symmetric in the two."""
    one, two = edges[:, 0], edges[:, 1]
    here, there = landing[one][:, :, None], landing[two][:, None]
    before, after = (place[two] - place[one])[:, None, None], there - here
    apart = (after - before).norm(dim=3) / reach[:, None, None]
    size_before, size_after = before.norm(dim=3) + 0.01, after.norm(dim=3) + 0.01
    turn = (before * after).sum(dim=3) / (size_before * size_after)
    stretch = (size_after / size_before).log().abs().clamp(max=3.0)
    uneven = (growth[one][:, :, None] - growth[two][:, None]).abs().clamp(max=3.0)
    same = (candidates[one][:, :, None] == candidates[two][:, None]).to(place.dtype)
    opening = links[:, 1, None, None] * same
    return torch.stack(
        [
            torch.exp(-0.5 * apart**2),
            apart.clamp(max=4.0) / 4.0,
            touching.sqrt(),
            (touching > 0).to(place.dtype),
            same,
            opening,
            turn,
            stretch,
            uneven,
        ],
        dim=3,
    )


def _hear(belief: Tensor, support: Tensor, edges: Tensor) -> Tensor:
    """(n, K + 1, voices) what all neighbours together say of each match."""
    one, two = edges[:, 0], edges[:, 1]
    into_one = torch.logsumexp(belief[two][:, None, :, None] + support, dim=2)
    into_two = torch.logsumexp(belief[one][:, :, None, None] + support, dim=1)
    silence = torch.zeros_like(belief)[..., None].expand(-1, -1, _VOICES)
    return _sum_by_row(_sum_by_row(silence, one, into_one), two, into_two)


def _claimed(belief: Tensor, candidates: Tensor, target_area: Tensor, source_area: Tensor) -> Tensor:
    """(n, K + 1, 2) how much of each candidate others claim, and this region itself; nothing of "new"."""
    own = belief[:, :-1].exp() * target_area[:, None]
    total = _sum_by_row(torch.zeros_like(source_area), candidates.reshape(-1), own.reshape(-1))
    size = source_area[candidates] + 1e-5
    others = torch.log1p((total[candidates] - own).clamp(min=0.0) / size)
    mine = torch.log1p(own / size)
    return nn.functional.pad(torch.stack([others, mine], dim=2).clamp(max=3.0), (0, 0, 0, 1))
