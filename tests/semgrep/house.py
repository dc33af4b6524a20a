"""For each rule of house.yaml: a line that breaks it, under `ruleid`, and one that does not, under `ok`. Nothing imports this."""


def keys(organisation_id, name):
    # ruleid: partition-outside-of-keys
    first = f"ORG#{organisation_id}#RUN"
    # ok: partition-outside-of-keys
    second = keys.run(organisation_id, name)
    return first, second


def principals(organisation_id):
    # ruleid: principal-of-ones-own
    mine = Principal(organisation_id, "ann", scopes=ALL)
    # ok: principal-of-ones-own
    theirs = authenticate(organisation_id)
    return mine, theirs


def signatures(key, raw, given_signature, expected):
    # ruleid: signature-compared-in-varying-time
    if hmac.new(key, raw, "sha256").hexdigest() == given_signature:
        return True
    # ruleid: signature-compared-in-varying-time
    if given_signature == expected:
        return True
    # ok: signature-compared-in-varying-time
    return hmac.compare_digest(given_signature, expected)


def hook(raw, secret):
    # ruleid: body-read-before-its-signature
    document = json.loads(raw)
    verify(secret, raw)
    return document


def good_hook(raw, secret):
    verify(secret, raw)
    # ok: body-read-before-its-signature
    return json.loads(raw)


def bodies(app, call):
    # ruleid: body-of-a-request-past-its-model
    loose = app.current_request.json_body
    # ok: body-of-a-request-past-its-model
    strict = call.body
    return loose, strict


def logs(logger, request):
    # ruleid: body-in-a-log
    logger.info("in", extra={"body": request.raw_body})
    # ok: body-in-a-log
    logger.info("in", extra={"bytes": len(request.raw_body)})


def environment():
    # ruleid: environment-past-the-settings
    loose = os.environ.get("SLUICE_TABLE")
    # ok: environment-past-the-settings
    return loose or settings().table


def requests(url, destination):
    # ruleid: request-past-the-guard
    httpx2.get(url)
    # ok: request-past-the-guard
    return destination.send(url)


def processes(words):
    # ruleid: process-started-from-lambda
    subprocess.run(words)
    # ok: process-started-from-lambda
    return words.run()


def times():
    # ruleid: time-without-its-zone
    local = datetime.now()
    # ok: time-without-its-zone
    return local, datetime.now(UTC)


def pages(name):
    # ruleid: page-made-of-text
    loose = f"<p>{name}</p>"
    # ok: page-made-of-text
    return loose, f"{name} says so"


def swallowed(act, log):
    # ruleid: everything-swallowed
    try:
        act()
    except Exception:
        pass
    # ok: everything-swallowed
    try:
        act()
    except Exception:
        log.exception("it failed")


def items(item):
    # ruleid: item-written-without-a-condition-word
    client("dynamodb").put_item(TableName="t", Item=item)
    # ok: item-written-without-a-condition-word
    table.write(table.put(item, condition=table.ABSENT))


def conditions(call, item):
    # ruleid: input-of-others-in-an-expression
    table.put(item, condition=f"#name = {call.body.name}")
    # ok: input-of-others-in-an-expression
    table.put(item, condition="#name = :name", values={"name": call.body.name})
