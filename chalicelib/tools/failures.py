"""What goes wrong in a tool, as named exceptions.

In: nothing. Out: one class per cause; its name is the error name in the state machine (a wire contract), `code` is what records and APIs show, and
`retryable` says whether the same call may succeed later. Never carries a header, a credential or more than the beginning of a foreign body.

    SluiceError
    └── ToolFailure
        ├── ArgumentsInvalid        arguments that the tool's schema or its own rules refuse
        ├── ToolUnknown             no tool of that name
        ├── ToolChanged             an MCP server says something else of its tool than when the call was judged; nothing was called
        ├── UrlRefused              not https, not allowed, or an address that is not public
        ├── HostUnreachable         no such host, no connection, no trusted certificate   (retryable)
        ├── HttpTimedOut            no whole answer in the time given                     (retryable)
        ├── HttpThrottled           429                                                   (retryable)
        ├── HttpServerFailed        5xx                                                   (retryable)
        ├── HttpRejected            any other status of 400 and above
        ├── BodyTooLarge            an answer above the cap
        ├── CalculationFailed       arithmetic without a result: division by zero, too large, not a number
        ├── NotAvailableHere        a tool that needs something which is not set up where it runs
        ├── McpFailed               an MCP server's tool said that it failed, or the server broke the protocol
        ├── AgentRefused            an A2A agent refused, or broke the protocol
        ├── CardUntrusted           an A2A agent's card that does not bear the signature that its setting asks for
        ├── AgentTaskTimedOut       an A2A agent's task that did not end in the time that it was given
        ├── QueryFailed             a database that refuses a statement
        ├── QueryTimedOut           a statement that took longer than it may
        └── MemoryFull              a memory that holds as much as it may
"""

from chalicelib.errors import SluiceError


class ToolFailure(SluiceError):  # noqa: N818  (the name is what the state machine matches)
    """Root of the tools' failures."""

    code = "tool-failed"


class ArgumentsInvalid(ToolFailure):
    code = "arguments-invalid"


class ToolUnknown(ToolFailure):
    code = "tool-unknown"


class ToolChanged(ToolFailure):
    code = "tool-changed"


class UrlRefused(ToolFailure):
    code = "url-refused"


class HostUnreachable(ToolFailure):
    code = "host-unreachable"
    retryable = True


class HttpTimedOut(ToolFailure):
    code = "http-timed-out"
    retryable = True


class HttpThrottled(ToolFailure):
    code = "http-throttled"
    retryable = True


class HttpServerFailed(ToolFailure):
    code = "http-server-failed"
    retryable = True


class HttpRejected(ToolFailure):
    code = "http-rejected"


class BodyTooLarge(ToolFailure):
    code = "body-too-large"


class CalculationFailed(ToolFailure):
    code = "calculation-failed"


class NotAvailableHere(ToolFailure):
    code = "not-available-here"


class McpFailed(ToolFailure):
    code = "mcp-failed"


class AgentRefused(ToolFailure):
    code = "agent-refused"


class CardUntrusted(ToolFailure):
    code = "card-untrusted"


class AgentTaskTimedOut(ToolFailure):
    code = "agent-task-timed-out"


class QueryFailed(ToolFailure):
    code = "query-failed"


class QueryTimedOut(ToolFailure):
    code = "query-timed-out"


class MemoryFull(ToolFailure):
    code = "memory-full"


FAILURES = (
    ArgumentsInvalid,
    ToolUnknown,
    ToolChanged,
    UrlRefused,
    HostUnreachable,
    HttpTimedOut,
    HttpThrottled,
    HttpServerFailed,
    HttpRejected,
    BodyTooLarge,
    CalculationFailed,
    NotAvailableHere,
    McpFailed,
    AgentRefused,
    CardUntrusted,
    AgentTaskTimedOut,
    QueryFailed,
    QueryTimedOut,
    MemoryFull,
)
