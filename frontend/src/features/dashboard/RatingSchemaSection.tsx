import { Alert, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { RatingSchema } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { ratingSchemasQuery } from "./comparisonRequests";
import classes from "./Quality.module.css";
import { RatingSchemaForm } from "./RatingSchemaForm";

/** What people are asked beside the order: the next version to be written, and the earlier ones. */
export function RatingSchemaSection({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const schemas = useQuery(ratingSchemasQuery(slug));
  const [asked, ...earlier] = schemas.data?.versions ?? [];
  return (
    <section aria-labelledby="rating-schema">
      <Title order={2} id="rating-schema" className={report.heading}>
        {t("comparisons.asked.title")}
      </Title>
      <p className={classes.hint}>{t("comparisons.asked.hint")}</p>
      {schemas.isError && (
        <Alert color="red" role="alert">
          {errorText(schemas.error)}
        </Alert>
      )}
      {schemas.data && (
        <>
          <Text size="sm" mb="md">
            <Asked asked={asked} held={schemas.data.n_held_under_earlier} />
          </Text>
          {/* A version published meanwhile begins the form anew. */}
          <RatingSchemaForm key={asked?.version ?? 0} slug={slug} asked={asked} />
          {earlier.length > 0 && <Earlier versions={earlier} />}
        </>
      )}
    </section>
  );
}

function Asked({ asked, held }: { asked: RatingSchema | undefined; held: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (asked === undefined) return t("comparisons.asked.none");
  return (
    <>
      <strong>{t("comparisons.asked.version", { version: asked.version })}</strong>{" "}
      {t("comparisons.asked.now")} · {format.time(asked.created_at)}
      {held > 0 && ` · ${t("comparisons.asked.held", { count: held })}`}
    </>
  );
}

function Earlier({ versions }: { versions: readonly RatingSchema[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <details className={classes.earlier}>
      <summary>{t("comparisons.asked.earlier")}</summary>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Tbody>
            {versions.map(({ version, created_at, flags, ...schema }) => (
              <Table.Tr key={version}>
                <Table.Td>{t("comparisons.asked.version", { version })}</Table.Td>
                <Table.Td>{format.time(created_at)}</Table.Td>
                <Table.Td>
                  {t(
                    schema.rating_required
                      ? "comparisons.asked.scaleRequired"
                      : "comparisons.asked.scale",
                    { min: schema.scale_min, max: schema.scale_max },
                  )}
                  {" · "}
                  {t(`comparisons.asked.strengths.${schema.strength}`)}
                  <Text size="sm" c="dimmed">
                    {flags.length === 0
                      ? t("comparisons.asked.noFlags")
                      : flags.map(({ label }) => label).join(", ")}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </details>
  );
}
