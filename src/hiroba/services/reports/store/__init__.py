"""The tables of the service, one function per question: `drafts`, `reports`, what the `desk` does, and `people`."""

from hiroba.services.reports.store.desk import (
    Step as Step,
    counts as counts,
    decide as decide,
    hand_over as hand_over,
    history as history,
    lock as lock,
    put_keys_only as put_keys_only,
    put_place as put_place,
    show as show,
    takes_keys_only as takes_keys_only,
    waiting as waiting,
)
from hiroba.services.reports.store.drafts import (
    DRAFT_LIFE as DRAFT_LIFE,
    Kept as Kept,
    close_draft as close_draft,
    draft_of as draft_of,
    draft_photo as draft_photo,
    forget_drafts as forget_drafts,
    put_draft as put_draft,
    put_draft_photo as put_draft_photo,
)
from hiroba.services.reports.store.people import (
    CONTACT_LIFE as CONTACT_LIFE,
    Look as Look,
    erase as erase,
    export as export,
    forget_contact as forget_contact,
    forget_contacts as forget_contacts,
    look_at_contact as look_at_contact,
    looks as looks,
    overdue as overdue,
)
from hiroba.services.reports.store.reports import (
    Wanted as Wanted,
    add as add,
    photo as photo,
    report_behind as report_behind,
    report_of as report_of,
    reports as reports,
    similar as similar,
    support as support,
)
