"""What the parts of the service stand on: the store, the rules, the clock, and who is told."""

from collections.abc import Callable

from generation.backends.circuit_breaker import Breakers
from generation.delivery.clip_links import ClipLinks
from generation.delivery.first_answers import FirstAnswers
from generation.domain.names import NameBook
from generation.domain.refs import ServerRef, UserRef
from generation.lifecycle.line import Offers, Schedule
from generation.ports import Observer, Store, Wake
from generation.protocol.clock import Clock, SeedSource
from generation.rules.operator_rules import OperatorRules
from generation.rules.server_rules import ServerRules
from generation.service.forms.drafts import Drafts


class ServicePart:
    """What every part of :class:`generation.service.Service` uses."""

    def __init__(
        self,
        store: Store,
        rules: OperatorRules,
        *,
        clock: Clock,
        seeds: SeedSource,
        observer: Observer,
        submitted: Wake,
        ended: Wake,
        noticed: Wake = lambda: None,
        forgetting: Wake = lambda: None,
        links: ClipLinks | None = None,
        breakers: Breakers | None = None,
        schedule: Schedule | None = None,
        chat_troubles: Callable[[], tuple[str, ...]] = tuple,
        names: NameBook | None = None,
        offers: Offers | None = None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._seeds = seeds
        self._observer = observer
        self._submitted = submitted
        self._ended = ended
        self._noticed = noticed
        self._forgetting = forgetting
        self._links = links
        self._breakers = breakers or Breakers(clock=clock)
        self._chat_troubles = chat_troubles
        self._first_answers = FirstAnswers(store, clock=clock, observer=observer, ended=ended)
        self._schedule = schedule
        self._drafts = Drafts()
        self.names = names or NameBook()
        self._offers = offers or Offers({}, clock=clock)

    async def rules_of(self, server: ServerRef) -> ServerRules:
        """What is set, the operator's ceilings, and what is in force."""
        nobody = UserRef(server.platform, "")
        standing = await self._store.standing(server, nobody, self._clock.now())
        return self._rules.for_server(server, standing.rules)
