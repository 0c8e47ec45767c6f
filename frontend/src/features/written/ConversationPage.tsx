import { Alert, Anchor, Button, Group, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";

import type { Written } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { PromptCard } from "@/components/thread/PromptCard";
import { Turn } from "@/components/thread/Turn";
import { useOriginNote } from "@/components/thread/useOriginNote";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { conversationQuery, useAmend } from "./requests";
import classes from "./Written.module.css";

const WordDiff = lazy(() => import("@/components/WordDiff"));

type Version = Written["versions"][number];

/** One conversation as it was written, version by version, with what reviewers said. */
export function ConversationPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("written.one"));
  const id = Number(useParams().conversation);
  const found = useQuery(conversationQuery(id));
  if (found.isPending) return <PageLoading />;
  if (found.isLoadingError) {
    return (
      <ErrorPanel error={found.error} onRetry={() => void found.refetch()}>
        <Button variant="default" component={Link} to={`/projects/${slug}/conversations`}>
          {t("written.title")}
        </Button>
      </ErrorPanel>
    );
  }
  return <WrittenView key={id} slug={slug} written={found.data} />;
}

function WrittenView({ slug, written }: { slug: string; written: Written }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const navigate = useNavigate();
  const amend = useAmend(slug, written.id);
  const { versions, assignment } = written;
  const [shown, setShown] = useState(versions.length - 1);
  const version = versions[shown];
  const before = versions[shown - 1];
  const workOf = (id: number) => `/projects/${slug}/work/${id}`;
  if (version === undefined) return null;
  return (
    <PageFrame
      title={t(`written.kinds.${written.kind}`)}
      hint={
        <>
          {t(`written.states.${written.state}`)}
          {version.finished_at !== null && ` · ${format.time(version.finished_at)}`}
        </>
      }
      tools={
        <Group gap="xs">
          {assignment !== null && (
            <Anchor component={Link} to={`/projects/${slug}/conversations`} size="sm">
              {t("written.title")}
            </Anchor>
          )}
          {written.can_amend && assignment !== null && (
            <Button
              variant="default"
              loading={amend.isPending}
              onClick={() =>
                amend.mutate(assignment, {
                  onSuccess: (given) => void navigate(workOf(given.assignment)),
                })
              }
            >
              {t("written.amend")}
            </Button>
          )}
          {written.state === "writing" && assignment !== null && (
            <Button component={Link} to={workOf(assignment)}>
              {t("written.goOn")}
            </Button>
          )}
        </Group>
      }
    >
      {amend.isError && (
        <Alert color="orange" role="alert" mb="md">
          {errorText(amend.error)}
        </Alert>
      )}
      {written.kept_submission !== null && (
        <Alert color="orange" mb="md" title={t("work.keptTitle")}>
          {t("work.kept")}
        </Alert>
      )}
      <PromptCard prompt={written.prompt} messages={version.conversation.messages} />
      {versions.length > 1 && (
        <SegmentedControl
          my="sm"
          aria-label={t("written.versions")}
          value={String(shown)}
          onChange={(value) => setShown(Number(value))}
          data={versions.map(({ fixed }, index) => ({
            value: String(index),
            label: t(fixed ? "written.fixedVersion" : "written.version", {
              n: versions.slice(0, index + 1).filter((one) => !one.fixed).length,
            }),
          }))}
        />
      )}
      {version.review !== null && <Review review={version.review} />}
      {before !== undefined && <Changes key={shown} from={before} to={version} />}
      <Thread version={version} />
    </PageFrame>
  );
}

function Review({ review }: { review: NonNullable<Version["review"]> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentBack = review.verdict === "returned" || review.verdict === "rejected";
  const colour = review.verdict === "scored" ? "gray" : sentBack ? "orange" : "green";
  return (
    <Alert
      variant="light"
      color={colour}
      my="sm"
      title={t(`written.verdicts.${review.verdict}`, {
        when: format.time(review.at),
        score: review.score,
      })}
    >
      {review.comment && <span dir="auto">{review.comment}</span>}
    </Alert>
  );
}

function Changes({ from, to }: { from: Version; to: Version }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const asText = ({ conversation }: Version) =>
    conversation.messages
      .map(({ role, content }) => `${t(`roles.${role}`)}\n${content}`)
      .join("\n\n");
  return (
    <div>
      <Button
        variant="default"
        size="compact-md"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {t(open ? "written.hideChanges" : "written.showChanges")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <WordDiff from={asText(from)} to={asText(to)} />
        </Suspense>
      )}
    </div>
  );
}

function Thread({ version }: { version: Version }) {
  const originNote = useOriginNote();
  const comments = version.review?.comments ?? [];
  return (
    <div>
      {version.conversation.messages.map((message) => (
        <Turn
          key={message.id}
          role={message.role}
          content={message.content}
          note={originNote(message)}
        >
          {comments
            .filter((comment) => comment.message === message.id)
            .map(({ text }, place) => (
              <p key={place} className={classes.comment} dir="auto">
                {text}
              </p>
            ))}
        </Turn>
      ))}
    </div>
  );
}
