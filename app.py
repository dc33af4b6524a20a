"""The application as Lambda and `chalice` see it: every blueprint registered, the WebSocket handlers bound. Nothing else belongs here.

Each function but the API's is imported from its own module (`chalicelib.events.…`), so what this file imports is paid for by the API alone.
"""

from chalice.app import Chalice

from chalicelib.api import outgoing, problem
from chalicelib.api.rooms import ROOMS
from chalicelib.events import errands, execution_status, inbound, publisher, sweeper, table_stream, trigger, websocket, worker

app = Chalice(app_name="sluice", configure_logs=False)
app.experimental_feature_flags.update(["WEBSOCKETS"])

for routes in ROOMS:
    app.register_blueprint(routes)
app.register_middleware(outgoing.dress, "http")
app.register_middleware(problem.retell_framework_errors, "http")

for module in (worker, errands, publisher, execution_status, table_stream, sweeper, trigger, inbound):
    app.register_blueprint(module.functions)

# A blueprint's WebSocket handlers are called as if they were none (Chalice 1.34); bound here, they get their events.
ws_connect = app.on_ws_connect()(websocket.ws_connect)
ws_message = app.on_ws_message()(websocket.ws_message)
ws_disconnect = app.on_ws_disconnect()(websocket.ws_disconnect)
