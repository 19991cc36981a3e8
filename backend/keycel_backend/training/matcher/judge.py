"""The judge: which source region each target region is, all regions of a pair of drawings together.

A first look rates a wide pool of source regions for every target region and leaves a few candidates. What
follows is belief propagation over the adjacency graph whose evidence, support and updates are learned (as in
neural enhanced belief propagation, Satorras & Welling 2021): every target region weighs its
candidates and "new"; neighbours tell it which of them agree with their own; sources tell it how much of them
is claimed already; and all regions near and far tell it how the figure around it moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from keycel_backend.regions.learned_cues import CUES, HAND_CUE, HAND_TRAIT, LINKS, POOL, TRAITS
from keycel_backend.regions.matching import CANDIDATES
from keycel_backend.training.matcher.attention import Exchange
from keycel_backend.training.matcher.describer import CODE, HEAD_SIZE, HEADS
from keycel_backend.training.matcher.layers import layers, sum_by_row

_STATE = 56
_WIDTH = 96
TURNS = 3
"""Of attention between the two drawings."""
_VOICES = 6
_EDGE_FACTS = 9
_SUPPORT = 16
_SPREADS = (0.07, 0.25)
"""Figure sizes over which the motion of other regions is averaged."""
_NEVER = -30.0
"""Log-odds of a candidate that is only filling."""
_STRONGEST = 8.0
"""Log-support of two neighbours for each other stays within this."""


@dataclass(frozen=True, slots=True)
class Judgement:
    first: Tensor
    """(n, POOL + 1) log-beliefs of the first look; last column: new."""
    chosen: Tensor
    """(n, CANDIDATES) columns of the pool that are left."""
    history: Tensor
    """(rounds + 1, n, CANDIDATES + 1) log-beliefs after each round; the last counts. Last column: new."""


class _Round(nn.Module):
    """One exchange between neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.update = layers(2 * _STATE + _VOICES + 3 + 2 * len(_SPREADS), _WIDTH, _STATE)
        self.judge = nn.Linear(_STATE, 1)

    def forward(self, state: Tensor, facts: Tensor) -> tuple[Tensor, Tensor]:
        """New state and log-odds (n, K + 1) of every match."""
        state = state + self.update(facts)
        return state, self.judge(state)[..., 0]


class _Support(nn.Module):
    """(e, K + 1, K + 1, voices) support of each pair of matches of two neighbours, as a factor."""

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
        voices = self.voices(torch.relu(known + self.of_links(links)[:, None, None] + one + both))
        return voices.clamp(-_STRONGEST, _STRONGEST).exp()


class Judge(nn.Module):
    """Beliefs of all target regions of a pair of drawings (or of several pairs, stacked)."""

    def __init__(self, rounds: int = 4, turns: int = TURNS) -> None:
        """`rounds`: exchanges between neighbours, `turns`: of attention; 0 for comparison."""
        super().__init__()
        self.exchange = Exchange(CODE, turns)
        self.see = nn.Linear(CUES + 2 * HEADS, _WIDTH)
        self.see_target = nn.Linear(TRAITS + CODE, _WIDTH)
        self.begin = nn.Sequential(nn.ReLU(), nn.Linear(_WIDTH, _STATE))
        self.begin_new = layers(TRAITS + CODE + _STATE, _WIDTH, _STATE)
        self.judge = nn.Linear(_STATE, 1)
        self.trust = nn.Parameter(torch.ones(rounds + 1))
        """How far the hand-made matcher's log-beliefs count; what is learned corrects them."""
        self.support = _Support()
        self.rounds = nn.ModuleList([_Round() for _ in range(rounds)])

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
        source_contact: Tensor,
        target_area: Tensor,
        source_area: Tensor,
        pair: Tensor,
        target_code: Tensor,
        source_code: Tensor,
        target_aware: Tensor,
        source_aware: Tensor,
    ) -> Judgement:
        """As in `PairCues`; `pair`: (n,) which of the stacked pairs a target region belongs to; the last two:
        codes after `exchange` within each pair."""
        alike = [
            (one[:, None] * other[candidates]).view(-1, POOL, HEADS, HEAD_SIZE).sum(dim=3)
            for one, other in ((target_code, source_code), (target_aware, source_aware))
        ]
        known = torch.cat([traits, target_aware], dim=1)
        seen = torch.cat([cues, 2.0 * alike[0], alike[1] / HEAD_SIZE**0.5], dim=2)
        state = self.begin(self.see(seen) + self.see_target(known)[:, None])
        state = torch.cat([state, self.begin_new(torch.cat([known, state.amax(dim=1)], dim=1))[:, None]], 1)
        never = nn.functional.pad((valid - 1.0) * -_NEVER, (0, 1))
        hand = torch.cat([cues[..., HAND_CUE], traits[:, HAND_TRAIT, None]], dim=1).clamp(min=1e-3).log()
        hand = hand + never
        odds = self.judge(state)[..., 0] + self.trust[0] * hand
        chosen = odds[:, :-1].topk(CANDIDATES, dim=1).indices
        with_new = nn.functional.pad(chosen, (0, 1), value=POOL)
        candidates, growth = candidates.gather(1, chosen), growth.gather(1, chosen)
        landing = landing.gather(1, chosen[..., None].expand(-1, -1, 2))
        state = state.gather(1, with_new[..., None].expand(-1, -1, _STATE))
        hand = hand.gather(1, with_new)
        belief = torch.log_softmax(odds.gather(1, with_new), dim=1)
        history = [belief]
        facts = _edge_facts(candidates, place, landing, growth, edges, links, reach, source_contact)
        support = self.support(facts, links)
        calm = _calm(edges, target_area)
        weight = _weights(place, pair)
        still = (1.0 - 2.0 * traits[:, 1]).clamp(0.0, 1.0)
        for one, trust in zip(self.rounds, self.trust[1:], strict=True):
            heard = _hear(belief.exp(), support, edges) * calm[:, None, None]
            moving = _moving(belief.exp(), landing - place[:, None], weight, still)
            claimed = _claimed(belief, candidates, target_area, source_area)
            pooled = state.amax(dim=1, keepdim=True).expand(-1, CANDIDATES + 1, -1)
            facts = [state, pooled, heard, belief[..., None].clamp(min=-10.0), claimed, moving]
            state, answer = one(state, torch.cat(facts, dim=2))
            belief = torch.log_softmax(answer + trust * hand, dim=1)
            history.append(belief)
        return Judgement(torch.log_softmax(odds, dim=1), chosen, torch.stack(history))


def _edge_facts(
    candidates: Tensor,
    place: Tensor,
    landing: Tensor,
    growth: Tensor,
    edges: Tensor,
    links: Tensor,
    reach: Tensor,
    source_contact: Tensor,
) -> Tensor:
    """(e, K, K, facts) how well two matches of two neighbours go together; symmetric in the two."""
    one, two = edges[:, 0], edges[:, 1]
    here, there = landing[one][:, :, None], landing[two][:, None]
    before, after = (place[two] - place[one])[:, None, None], there - here
    apart = _length(after - before) / reach[:, None, None]
    size_before, size_after = _length(before) + 0.01, _length(after) + 0.01
    turn = (before * after).sum(dim=3) / (size_before * size_after)
    stretch = (size_after / size_before).log().abs().clamp(max=3.0)
    uneven = (growth[one][:, :, None] - growth[two][:, None]).abs().clamp(max=3.0)
    first, second = candidates[one][:, :, None], candidates[two][:, None]
    same = (first == second).to(place.dtype)
    touching = source_contact[first, second]
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


def _length(vectors: Tensor) -> Tensor:
    """Of (..., 2); a little above zero, so that it has a slope everywhere."""
    return (vectors.square().sum(dim=-1) + 1e-8).sqrt()


def _calm(edges: Tensor, target_area: Tensor) -> Tensor:
    """(n,) how much a region heeds each of its neighbours: less where there are many."""
    ends = edges.reshape(-1)
    ones = torch.ones_like(ends).to(target_area.dtype)
    return 1.0 / sum_by_row(torch.zeros_like(target_area), ends, ones).clamp(min=1.0).sqrt()


def _hear(belief: Tensor, support: Tensor, edges: Tensor) -> Tensor:
    """(n, K + 1, voices) what all neighbours together say of each match."""
    one, two = edges[:, 0], edges[:, 1]
    into_one = torch.einsum("el,eklv->ekv", belief[two], support).log()
    into_two = torch.einsum("ek,eklv->elv", belief[one], support).log()
    silence = torch.zeros_like(belief)[..., None].expand(-1, -1, _VOICES)
    return sum_by_row(sum_by_row(silence, one, into_one), two, into_two)


def _weights(place: Tensor, pair: Tensor) -> Tensor:
    """(spreads, n, n) how much of each other region's motion counts for a region."""
    square = (place[:, None] - place[None]).square().sum(dim=2)
    other = (pair[:, None] == pair[None]).to(place.dtype) * (square > 0).to(place.dtype)
    return torch.stack([torch.exp(-0.5 * square / spread**2) * other for spread in _SPREADS])


def _moving(belief: Tensor, step: Tensor, weight: Tensor, still: Tensor) -> Tensor:
    """(n, K + 1, 2 * spreads) how each match fits the motion of what is around; nothing of "new".

    `still`: (n,) how much a region counts: the background moves with nothing.
    """
    known = belief[:, :-1].square().sum(dim=1) * still
    mean = (belief[:, :-1, None] * step).sum(dim=1) / (belief[:, :-1].sum(dim=1, keepdim=True) + 1e-3)
    total = weight @ known + 1e-3
    around = (weight @ (known[:, None] * mean)) / total[..., None]
    off = _length(step[None] - around[:, :, None])
    fits = torch.cat([torch.exp(-0.5 * (off / 0.04).square()), (4.0 * off).clamp(max=2.0)])
    return nn.functional.pad(fits.permute(1, 2, 0), (0, 0, 0, 1))


def _claimed(belief: Tensor, candidates: Tensor, target_area: Tensor, source_area: Tensor) -> Tensor:
    """(n, K + 1, 2) how much of each candidate others claim, and this region itself; nothing of "new"."""
    own = belief[:, :-1].exp() * target_area[:, None]
    total = sum_by_row(torch.zeros_like(source_area), candidates.reshape(-1), own.reshape(-1))
    size = source_area[candidates] + 1e-5
    others = torch.log1p((total[candidates] - own).clamp(min=0.0) / size)
    mine = torch.log1p(own / size)
    return nn.functional.pad(torch.stack([others, mine], dim=2).clamp(max=3.0), (0, 0, 0, 1))
