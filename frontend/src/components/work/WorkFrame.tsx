import { Alert, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useHome } from "@/hooks/useHome";
import type { Action } from "@/lib/actions";
import type { SaveStatus } from "@/lib/autosaver";

import { ActionButton } from "../actions";
import { GuidelineDrawer } from "../GuidelineDrawer";
import { LateSampling } from "../SamplingNotice";
import { SaveState } from "../SaveState";
import {
  guidelineAction,
  questionsAction,
  skipAction,
  submitAction,
  type WorkContext,
} from "./actions";
import { NewRulings } from "./NewRulings";
import { QuestionsDrawer } from "./QuestionsDrawer";
import { SensitiveCover } from "./SensitiveCover";
import { SkipDialog } from "./SkipDialog";
import type { WorkTask } from "./useWorkTask";
import classes from "./WorkFrame.module.css";

interface Props {
  task: WorkTask;
  context: WorkContext;
  title: string;
  status: SaveStatus;
  /** What went wrong with the last request of the page. */
  error: Error | null;
  /** Uses the whole width, where several texts stand side by side. */
  wide?: boolean;
  /** Whether this page lives on model-written text, and should say above when that is late. */
  showsSampling?: boolean;
  /** The submit action under the name it has on this page. */
  submit?: Action<WorkContext>;
  /** In place of the submit button, where there are several ways to end the task. */
  verdicts?: ReactNode;
  /** Said beside the buttons while nothing is missing. */
  note?: string | null;
  children: ReactNode;
}

/** The same places on every task: title and guidelines above, work in the middle, submit bottom right. */
export function WorkFrame(props: Props) {
  const { task, context, title, status, error, wide, showsSampling, verdicts } = props;
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { assignment, lease } = task;
  const failure = error ?? task.leaveError;
  const note = context.missing ?? props.note;
  return (
    <div className={classes.frame} data-wide={wide}>
      <div className={classes.top}>
        <Title order={1} className={classes.title}>
          {title}
        </Title>
        <Group gap={4} justify="flex-end">
          <ActionButton
            action={questionsAction}
            context={context}
            variant="subtle"
            color="gray"
            size="compact-md"
          />
          {context.guideline !== null && (
            <ActionButton
              action={guidelineAction}
              context={context}
              variant="subtle"
              color="gray"
              size="compact-md"
            />
          )}
          <GuidelineNote slug={task.slug} guideline={assignment.guideline} />
        </Group>
      </div>
      <div className={classes.body}>
        {lease.lost !== null && (
          <Alert
            color="orange"
            role="alert"
            mb="md"
            title={t(`work.leaseLost.${lease.lost}.title`)}
          >
            {t(`work.leaseLost.${lease.lost}.text`)}
          </Alert>
        )}
        <NewRulings rulings={assignment.new_rulings} />
        {showsSampling && <LateSampling slug={task.slug} />}
        {assignment.kept_submission !== null && (
          <Alert color="orange" role="alert" mb="md" title={t("work.keptTitle")}>
            {t("work.kept")}
          </Alert>
        )}
        <SensitiveCover tags={assignment.sensitivity}>{props.children}</SensitiveCover>
      </div>
      <footer className={classes.bar}>
        <div className={classes.barInner}>
          <div className={classes.state}>
            <SaveState status={status} />
            {lease.minutesLeft !== null && lease.lost === null && (
              <span className={classes.lease}>
                {t("work.minutesLeft", { count: lease.minutesLeft })}
              </span>
            )}
            {failure !== null ? (
              <span role="alert" className={classes.failure}>
                {errorText(failure)}
              </span>
            ) : (
              note && <span className={classes.missing}>{note}</span>
            )}
          </div>
          <Group gap="lg" wrap="nowrap" className={classes.buttons}>
            <ActionButton action={skipAction} context={context} variant="subtle" color="gray" />
            {verdicts ?? (
              <ActionButton
                action={props.submit ?? submitAction}
                context={context}
                keyInside
                loading={context.busy}
              />
            )}
          </Group>
        </div>
      </footer>
      <SkipDialog
        assignment={assignment.id}
        opened={task.skipOpen}
        onClose={() => task.setSkipOpen(false)}
        onSkipped={() => task.leave("skipped")}
      />
      <GuidelineDrawer
        slug={task.slug}
        guideline={task.guidelineOpen ? context.guideline : null}
        onClose={() => task.setGuidelineOpen(false)}
      />
      <QuestionsDrawer
        assignment={assignment.id}
        opened={task.questionsOpen}
        onClose={() => task.setQuestionsOpen(false)}
        onReleased={() => task.leave("skipped")}
      />
    </div>
  );
}

/** By which version of the guidelines the task is done, and whether that one was read. */
function GuidelineNote({ slug, guideline }: Pick<Assignment, "guideline"> & { slug: string }) {
  const { t } = useTranslation();
  const newest = useHome(slug).data?.guidelines.find(({ id }) => id === guideline?.id);
  if (guideline === null) return null;
  return (
    <span className={classes.guideline}>
      {t("work.guidelineVersion", { n: guideline.version })}
      {newest?.acknowledged === false && (
        <>
          {" · "}
          <strong>{t(guideline.version === 1 ? "home.unread" : "home.changed")}</strong>
        </>
      )}
    </span>
  );
}
