"""The tables of a LiteLLM proxy that the collector reads, as its migrations make them, and calls as it logs them."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

BASELINE = """
CREATE TABLE "LiteLLM_SpendLogs" (
    "request_id" TEXT NOT NULL, "call_type" TEXT NOT NULL, "api_key" TEXT NOT NULL DEFAULT '',
    "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0, "total_tokens" INTEGER NOT NULL DEFAULT 0,
    "prompt_tokens" INTEGER NOT NULL DEFAULT 0, "completion_tokens" INTEGER NOT NULL DEFAULT 0,
    "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL, "completionStartTime" TIMESTAMP(3),
    "model" TEXT NOT NULL DEFAULT '', "model_id" TEXT DEFAULT '', "model_group" TEXT DEFAULT '',
    "custom_llm_provider" TEXT DEFAULT '', "api_base" TEXT DEFAULT '', "user" TEXT DEFAULT '',
    "metadata" JSONB DEFAULT '{}', "cache_hit" TEXT DEFAULT '', "cache_key" TEXT DEFAULT '',
    "request_tags" JSONB DEFAULT '[]', "team_id" TEXT, "end_user" TEXT, "requester_ip_address" TEXT,
    "messages" JSONB DEFAULT '{}', "response" JSONB DEFAULT '{}',
    CONSTRAINT "LiteLLM_SpendLogs_pkey" PRIMARY KEY ("request_id"));
CREATE INDEX "LiteLLM_SpendLogs_startTime_idx" ON "LiteLLM_SpendLogs"("startTime");
CREATE TABLE "LiteLLM_VerificationToken" (
    "token" TEXT NOT NULL PRIMARY KEY, "key_name" TEXT, "key_alias" TEXT, "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    "user_id" TEXT, "team_id" TEXT, "metadata" JSONB NOT NULL DEFAULT '{}');
CREATE TABLE "LiteLLM_TeamTable" ("team_id" TEXT NOT NULL PRIMARY KEY, "team_alias" TEXT, "organization_id" TEXT);
CREATE TABLE "LiteLLM_DailyUserSpend" (
    "id" TEXT NOT NULL PRIMARY KEY, "user_id" TEXT, "date" TEXT NOT NULL, "api_key" TEXT NOT NULL, "model" TEXT,
    "prompt_tokens" BIGINT NOT NULL DEFAULT 0, "completion_tokens" BIGINT NOT NULL DEFAULT 0,
    "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0, "api_requests" BIGINT NOT NULL DEFAULT 0);
"""
GROWN = """
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "session_id" TEXT, ADD COLUMN "proxy_server_request" JSONB DEFAULT '{}';
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "status" TEXT;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "mcp_namespaced_tool_name" TEXT;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "organization_id" TEXT;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "agent_id" TEXT;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "request_duration_ms" INTEGER;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "updated_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "litellm_call_id" TEXT;
ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN "billing_agent_id" TEXT;
"""
"""What the migrations after the first added, in their order."""


def log_call(connection: psycopg.Connection[Any], request: str, start: datetime, **columns: Any) -> None:
    """Insert a call as the proxy logs it; in UTC without a zone."""
    values = {
        "request_id": request,
        "call_type": "acompletion",
        "startTime": start.replace(tzinfo=None),
        "endTime": start.replace(tzinfo=None),
        "model": "gpt-5",
        "custom_llm_provider": "openai",
        **columns,
    }
    fields = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(["%s"] * len(values))
    plain = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    connection.execute(f'INSERT INTO "LiteLLM_SpendLogs" ({fields}) VALUES ({marks})', plain)
