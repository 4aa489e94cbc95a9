"""A language model's part in an investigation: small typed questions, and checks on every answer.

The model proposes, code disposes: what comes back can only stand beside the deterministic result, never change it.
"""

from triage.advisor.advisor import ModelAdvisor
from triage.advisor.budget import RunBudget
from triage.advisor.chat import ChatModel, Form, Reply

__all__ = ["ChatModel", "Form", "ModelAdvisor", "Reply", "RunBudget"]
