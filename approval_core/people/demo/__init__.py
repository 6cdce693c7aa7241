"""An invented bureau of 3000: 海屿市税务局, code 9900. No real agency, person, number or address appears in it.

`seed(tx, n=…, rng=…, now=…)` writes it into an empty store; the same arguments give the same bureau."""

from approval_core.people.demo.seed import Seeded, seed

__all__ = ["Seeded", "seed"]
