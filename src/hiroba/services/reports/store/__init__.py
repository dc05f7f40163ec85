"""The tables of the service, one function per question: `drafts`, `reports`, what the `desk` does, and `people`."""

from hiroba.services.reports.store.desk import (
    Step as Step,
)
from hiroba.services.reports.store.desk import (
    backdate as backdate,
)
from hiroba.services.reports.store.desk import (
    counts as counts,
)
from hiroba.services.reports.store.desk import (
    decide as decide,
)
from hiroba.services.reports.store.desk import (
    hand_over as hand_over,
)
from hiroba.services.reports.store.desk import (
    history as history,
)
from hiroba.services.reports.store.desk import (
    lock as lock,
)
from hiroba.services.reports.store.desk import (
    put_keys_only as put_keys_only,
)
from hiroba.services.reports.store.desk import (
    put_place as put_place,
)
from hiroba.services.reports.store.desk import (
    show as show,
)
from hiroba.services.reports.store.desk import (
    takes_keys_only as takes_keys_only,
)
from hiroba.services.reports.store.desk import (
    waiting as waiting,
)
from hiroba.services.reports.store.drafts import (
    DRAFT_LIFE as DRAFT_LIFE,
)
from hiroba.services.reports.store.drafts import (
    Kept as Kept,
)
from hiroba.services.reports.store.drafts import (
    close_draft as close_draft,
)
from hiroba.services.reports.store.drafts import (
    draft_of as draft_of,
)
from hiroba.services.reports.store.drafts import (
    draft_photo as draft_photo,
)
from hiroba.services.reports.store.drafts import (
    forget_drafts as forget_drafts,
)
from hiroba.services.reports.store.drafts import (
    put_draft as put_draft,
)
from hiroba.services.reports.store.drafts import (
    put_draft_photo as put_draft_photo,
)
from hiroba.services.reports.store.people import (
    CONTACT_LIFE as CONTACT_LIFE,
)
from hiroba.services.reports.store.people import (
    Look as Look,
)
from hiroba.services.reports.store.people import (
    erase as erase,
)
from hiroba.services.reports.store.people import (
    export as export,
)
from hiroba.services.reports.store.people import (
    forget_contact as forget_contact,
)
from hiroba.services.reports.store.people import (
    forget_contacts as forget_contacts,
)
from hiroba.services.reports.store.people import (
    look_at_contact as look_at_contact,
)
from hiroba.services.reports.store.people import (
    looks as looks,
)
from hiroba.services.reports.store.people import (
    overdue as overdue,
)
from hiroba.services.reports.store.reports import (
    Wanted as Wanted,
)
from hiroba.services.reports.store.reports import (
    add as add,
)
from hiroba.services.reports.store.reports import (
    photo as photo,
)
from hiroba.services.reports.store.reports import (
    report_behind as report_behind,
)
from hiroba.services.reports.store.reports import (
    report_of as report_of,
)
from hiroba.services.reports.store.reports import (
    reports as reports,
)
from hiroba.services.reports.store.reports import (
    similar as similar,
)
from hiroba.services.reports.store.reports import (
    support as support,
)
