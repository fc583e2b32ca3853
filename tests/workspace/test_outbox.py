from datetime import timedelta

from rivals import race, take_messages
from store_samples import LEASE, NOW, claimed, scored

from tsanomaly.workspace import AlertDraft, Outcome


def drafts(*keys, **more):
    return [AlertDraft(key, "mail", {"text": key}, **more) for key in keys]


def test_an_alert_is_stored_once_and_leaves_once_it_was_sent(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(alerts=drafts("a"))], NOW)
    workspace.commit(run, [scored(alerts=drafts("a", "b"))], NOW + LEASE)
    workspace.runs.finish(run, Outcome.FOUND_NOTHING, NOW + LEASE, alerts=drafts("b", "c"))
    assert [message.key for message in workspace.outbox.pending(NOW + LEASE)] == ["a", "b", "c"]
    assert [message.key for message in workspace.outbox.pending(NOW)] == ["a"]
    first = workspace.outbox.pending(NOW)[0]
    assert (first.job, first.channel, first.body, first.created_at, first.tries) == (
        "pumps",
        "mail",
        {"text": "a"},
        NOW,
        0,
    )
    workspace.outbox.sent(first.id, NOW)
    workspace.outbox.sent(first.id, NOW + LEASE)
    assert [message.key for message in workspace.outbox.pending(NOW + LEASE)] == ["b", "c"]
    assert workspace.outbox.waiting() == 2
    assert workspace.outbox.list(job="pumps", channel="mail")[-1].sent_at == NOW
    workspace.outbox.put("pumps", drafts("a"), NOW + LEASE)  # its key stays taken
    assert workspace.outbox.waiting() == 2


def test_what_did_not_leave_is_due_again_later(workspace):
    workspace.outbox.put("pumps", drafts("a"), NOW)
    [message] = workspace.outbox.pending(NOW)
    workspace.outbox.failed(message.id, "connection refused", NOW)
    assert workspace.outbox.pending(NOW) == []
    [again] = workspace.outbox.pending(NOW + timedelta(minutes=1))
    assert (again.tries, again.error) == (1, "connection refused")
    workspace.outbox.failed(message.id, "refused again", NOW, retry_at=NOW + timedelta(hours=1))
    assert workspace.outbox.pending(NOW + timedelta(minutes=59)) == []


def test_quiet_hours_hold_a_message_back(workspace):
    workspace.outbox.put("pumps", drafts("a", due_at=NOW + timedelta(hours=8)), NOW)
    assert workspace.outbox.pending(NOW + timedelta(hours=7)) == []
    assert len(workspace.outbox.pending(NOW + timedelta(hours=8))) == 1


def test_of_two_senders_each_takes_its_own_and_a_dead_one_s_are_due_again(workspace):
    workspace.outbox.put("pumps", drafts("a", "b", "c"), NOW)
    one = workspace.outbox.take(NOW, LEASE, limit=2)
    other = workspace.outbox.take(NOW, LEASE, limit=2)
    assert ([message.key for message in one], [message.key for message in other]) == (["a", "b"], ["c"])
    workspace.outbox.sent(one[0].id, NOW)
    assert workspace.outbox.take(NOW + LEASE / 2, LEASE) == []
    assert [message.key for message in workspace.outbox.take(NOW + LEASE, LEASE)] == ["b", "c"]


def test_senders_in_several_processes_send_every_message_once(workspace, workspace_url):
    keys = [f"key {number:02}" for number in range(20)]
    workspace.outbox.put("pumps", drafts(*keys), NOW)
    sent_by = race(take_messages, workspace_url, NOW)
    assert sorted(key for sent in sent_by for key in sent) == keys


def test_sent_messages_are_forgotten_but_for_the_last_of_each_channel(workspace):
    for number, key in enumerate("abcd"):
        workspace.outbox.put("pumps", drafts(key), NOW + number * LEASE)
    workspace.outbox.put("pumps", [AlertDraft("x", "pager")], NOW)
    workspace.outbox.put("fans", drafts("y"), NOW)
    workspace.outbox.put("fans", drafts("z"), NOW)
    later = NOW + timedelta(days=9)
    for message in workspace.outbox.list():
        if message.key != "b":  # has not left yet
            workspace.outbox.sent(message.id, NOW + LEASE)
    assert workspace.outbox.prune(NOW) == 0
    assert workspace.outbox.prune(later, "pumps") == 2
    assert sorted(message.key for message in workspace.outbox.list()) == ["b", "d", "x", "y", "z"]
    assert workspace.outbox.prune(later) == 1
    assert sorted(message.key for message in workspace.outbox.list()) == ["b", "d", "x", "z"]
