"""ChatOpenAI without the parts of its client that cost the most and do nothing here.

Before a request the client walks every message along its type annotations, and after it hops to a thread to read
the answer. For requests that are plain JSON already neither changes anything. With both,
`benchmarks/curate_overhead.py` counted 5.9 s of processor time for 1,000 calls, without them 5.1 s (one run each on
the same machine). Retries, back-off, headers and LangChain's
callbacks stay as they are.
"""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletion


class LeanChatOpenAI(ChatOpenAI):
    """ChatOpenAI whose asynchronous calls post the payload as it is."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        body = payload | payload.pop("extra_body", {})
        response = await self.root_async_client.post("/chat/completions", body=body, cast_to=ChatCompletion)
        return self._create_chat_result(response)
