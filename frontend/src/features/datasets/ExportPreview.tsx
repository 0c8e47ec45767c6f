import { Alert, Loader, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { ExportRequest } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Datasets.module.css";
import { LeftOut } from "./LeftOut";
import { previewQuery } from "./requests";

interface Props {
  slug: string;
  asked: ExportRequest;
}

const SETTLED_MILLISECONDS = 400;

/** How many rows such a file would hold now, how many it would not and why, and its first lines. */
export function ExportPreview({ slug, asked }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const [settled] = useDebouncedValue(asked, SETTLED_MILLISECONDS);
  const preview = useQuery(previewQuery(slug, settled));
  return (
    <section aria-label={t("datasets.preview")} aria-busy={preview.isFetching}>
      {preview.isPending && <Loader size="sm" />}
      {preview.isError && (
        <Alert color="red" role="alert">
          {errorText(preview.error)}
        </Alert>
      )}
      {preview.isSuccess && (
        <>
          <Text size="sm" role="status">
            {t("datasets.previewRows", {
              count: preview.data.n_rows,
              shown: format.number(preview.data.n_rows),
            })}
          </Text>
          <LeftOut counts={preview.data.excluded} />
          {preview.data.lines.length > 0 && (
            <Textarea
              mt="xs"
              label={t("datasets.previewLines")}
              value={preview.data.lines.join("\n")}
              readOnly
              rows={6}
              classNames={{ input: classes.lines }}
            />
          )}
        </>
      )}
    </section>
  );
}
