"""The whole stack on this machine: AWS in-process (moto), the app's own functions, an HTTP and a WebSocket gateway.

In: the Chalice app object, `.chalice/config.json` and the templates in `infra/`. Out: `LocalStack`. Never shipped to Lambda, never imported by
`chalicelib`.
"""
