import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";

import { StatePanel } from "@/components/StatePanel";
import { useSession } from "@/hooks/useSession";

import { lastProject } from "./lastProject";

/** The bare address leads to the project last worked on. */
export function StartPage() {
  const { t } = useTranslation();
  const session = useSession();
  const memberships = session.data?.memberships ?? [];
  const last = lastProject();
  const chosen = memberships.find(({ project }) => project.slug === last) ?? memberships[0];
  if (chosen !== undefined) return <Navigate to={`/projects/${chosen.project.slug}`} replace />;
  return (
    <StatePanel title={t("app.noProjectTitle")} hint={t("app.noProjectHint")}>
      <Button onClick={() => void session.refetch()}>{t("app.checkAgain")}</Button>
    </StatePanel>
  );
}
