import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/hooks/useFormat";

import { Reasons } from "./Reasons";

/** How many rows a file leaves out, and why. */
export function LeftOut({ counts }: { counts: Record<string, number> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
  if (count === 0) return null;
  return (
    <>
      <Text size="sm" c="dimmed">
        {t("datasets.leftOut", { count, shown: format.number(count) })}
      </Text>
      <Reasons label={t("datasets.whyLeftOut")} of="rows" counts={counts} />
    </>
  );
}
