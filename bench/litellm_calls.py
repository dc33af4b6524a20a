"""Run by the Python of LiteLLM's own environment: calls of LiteLLM's `Router`, as many as a line of stdin says, the seconds of each (wall,
processor) as a line of JSON.

In: the fake's address and its key as arguments. It imports nothing of ours. The first line out says `ready`, or what keeps it from working.
"""

import json
import os
import sys
from time import perf_counter, thread_time

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it fetches its prices at import
os.environ["LITELLM_LOG"] = "ERROR"


def main(url: str, key: str) -> None:
    from litellm import Router  # type: ignore[import-not-found,unused-ignore]

    place = {"model": "anthropic/claude-sonnet-4-5", "api_base": url, "api_key": key}
    router = Router(model_list=[{"model_name": "smart", "litellm_params": place}], num_retries=0)
    question = [{"role": "user", "content": "Hello"}]

    def call() -> tuple[float, float]:
        wall, processor = perf_counter(), thread_time()
        router.completion(model="smart", messages=question, max_tokens=64)
        return perf_counter() - wall, thread_time() - processor

    call()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps([call() for _ in range(int(line))]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
