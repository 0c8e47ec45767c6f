import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { MyFigures, RaterFigures } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import classes from "@/components/report/Report.module.css";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { EstimateText } from "./FigureTables";
import { myFiguresQuery, useBeginExam } from "./figuresRequests";
import { BiasVerdict, favouredLetter } from "./RaterTable";

/** What a project knows of one's own rankings, for oneself: nobody else's is here. */
export function MyFiguresPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  usePageTitle(t("mine.title"));
  const figures = useQuery(myFiguresQuery(slug));
  if (figures.isPending) return <PageLoading />;
  if (figures.isLoadingError) {
    return <ErrorPanel error={figures.error} onRetry={() => void figures.refetch()} />;
  }
  const { computed_at, exam, lessons, mine } = figures.data;
  return (
    <PageFrame
      title={t("mine.title")}
      hint={
        <>
          {t("mine.hint")}
          {computed_at && ` ${t("quality.asOf", { time: format.time(computed_at) })}.`}
        </>
      }
    >
      {exam.state !== "not_asked" && <Exam slug={slug} exam={exam} />}
      {mine === null ? (
        <Text c="dimmed" mt="xl">
          {t("mine.none")}
        </Text>
      ) : (
        <Mine figures={mine} />
      )}
      {lessons.length > 0 && <Lessons lessons={lessons} />}
    </PageFrame>
  );
}

function Exam({ slug, exam }: { slug: string; exam: MyFigures["exam"] }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const begin = useBeginExam(slug);
  if (exam.state === "not_asked") return null;
  return (
    <section aria-labelledby="mine-exam">
      <Title order={2} id="mine-exam" className={classes.heading}>
        {t("mine.exam")}
      </Title>
      <Text>
        {t(`mine.exams.${exam.state}`, {
          answered: exam.n_answered,
          items: exam.n_items,
          right: exam.n_right,
          pairs: exam.n_pairs,
        })}
      </Text>
      <ExamWriting exam={exam} />
      {(exam.state === "waiting" || exam.state === "failed" || exam.state === "unjudged") && (
        <Group mt="md">
          <Button
            loading={begin.isPending}
            onClick={() =>
              begin.mutate(undefined, {
                onSuccess: ({ n_demonstrations }) =>
                  toast(t(n_demonstrations > 0 ? "mine.begunWriting" : "mine.begun")),
                onError: (error) => toastFailure(errorText(error)),
              })
            }
          >
            {t("mine.begin")}
          </Button>
        </Group>
      )}
    </section>
  );
}

/** What the exam asks for in writing, and what its reviewers gave. */
function ExamWriting({ exam }: { exam: MyFigures["exam"] }) {
  const { t } = useTranslation();
  const { lowest_score: score, n_demonstrations: count, n_written: written, state } = exam;
  if (state === "waiting" || state === "under_way") {
    return count > 0 && <Text mt="xs">{t(`mine.examWriting.${state}`, { count, written })}</Text>;
  }
  if (score === null) return null;
  return (
    <Text>
      {score === 0 ? t("mine.examWriting.notWritten") : t("mine.examWriting.scored", { score })}
    </Text>
  );
}

function Mine({ figures }: { figures: RaterFigures }) {
  const { t } = useTranslation();
  const format = useFormat();
  const few = t("mine.tooFew");
  if (figures.seconds === null && figures.gold.share === null && figures.retest.share === null) {
    return <Text>{t("mine.fewYet", { n: format.number(figures.n_rankings) })}</Text>;
  }
  const rows = [
    [t("mine.rankings"), format.number(figures.n_rankings)],
    [t("mine.agreed"), <EstimateText key="agreed" estimate={figures.agreed} none={few} />],
    [t("mine.ties"), <EstimateText key="ties" estimate={figures.tie_rate} none={few} />],
    [t("mine.gold"), <EstimateText key="gold" estimate={figures.gold.share} none={few} />],
    [t("mine.retest"), <EstimateText key="retest" estimate={figures.retest.share} none={few} />],
    [t("mine.seconds"), figures.seconds === null ? few : format.age(figures.seconds)],
    [
      t("mine.position"),
      <BiasVerdict key="position" p={figures.position_p}>
        {t("quality.favours", { letter: favouredLetter(figures) })}
      </BiasVerdict>,
    ],
    [
      t("mine.length"),
      <BiasVerdict key="length" p={figures.length_p}>
        {(figures.length_slope?.value ?? 0) > 0
          ? t("quality.favoursLong")
          : t("quality.favoursShort")}
      </BiasVerdict>,
    ],
  ] as const;
  return (
    <section aria-label={t("mine.title")}>
      <Table maw="36rem">
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" fw={400}>
                {label}
              </Table.Th>
              <Table.Td className={classes.number}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Lessons({ lessons }: { lessons: MyFigures["lessons"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <section aria-labelledby="mine-lessons">
      <Title order={2} id="mine-lessons" className={classes.heading}>
        {t("mine.lessons")}
      </Title>
      <Table>
        <Table.Tbody>
          {lessons.map((lesson) => (
            <Table.Tr key={lesson.assignment}>
              <Table.Td>{format.time(lesson.ranked_at)}</Table.Td>
              <Table.Td>
                {t("mine.lessonRight", { right: lesson.n_right, pairs: lesson.n_pairs })}
                <Text size="sm" c="dimmed">
                  {lesson.pairs
                    .map(({ better, worse, right }) =>
                      right
                        ? t("mine.pairRight", { better, worse })
                        : t("mine.pairWrong", { better, worse }),
                    )
                    .join(" · ")}
                </Text>
                {lesson.note !== "" && (
                  <Text size="sm" dir="auto">
                    {lesson.note}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
