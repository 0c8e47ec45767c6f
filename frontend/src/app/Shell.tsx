import { ActionIcon, Anchor, Button, Group, Menu, Tooltip } from "@mantine/core";
import {
  ChartNoAxesColumn,
  Cpu,
  Database,
  MessageSquareText,
  PenLine,
  Scale,
  type LucideIcon,
} from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useMatch, useNavigate, useParams } from "react-router";

import type { Me } from "@/api/types";
import {
  CommandPalette,
  Keycaps,
  openPalette,
  ShortcutSheet,
  useActions,
} from "@/components/actions";
import { roleIn } from "@/hooks/useSession";

import { globalActions } from "./globalActions";
import { MeMenu } from "./MeMenu";
import classes from "./Shell.module.css";
import { StaleNotice } from "./StaleNotice";

interface Props {
  me: Me;
}

/** The frame around every page of a signed-in person: one quiet bar, then the page. */
export function Shell({ me }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { slug } = useParams();
  const [sheetOpen, setSheetOpen] = useState(false);
  const project = slug ?? null;
  const working = useMatch("/projects/:slug/work/:assignment") !== null;
  const role = project === null ? null : roleIn(me, project);
  const isManager = role === "manager";
  useActions(t("app.everywhere"), globalActions, {
    navigate,
    project,
    isManager,
    isLead: isManager || role === "reviewer",
    openPalette,
    openSheet: () => setSheetOpen(true),
  });
  return (
    <>
      <a href="#main" className={classes.skip}>
        {t("app.skipToContent")}
      </a>
      <header className={classes.bar}>
        <Anchor component={Link} to="/" className={classes.brand} underline="never">
          {t("app.name")}
        </Anchor>
        <ProjectSwitch me={me} project={project} />
        {isManager && project !== null && <ManagerNavigation project={project} working={working} />}
        <Group gap="xs" ml="auto" wrap="nowrap">
          <Button
            variant="default"
            size="compact-md"
            className={classes.palette}
            onClick={openPalette}
            rightSection={<Keycaps shortcut="mod+k" />}
            aria-keyshortcuts="Control+K Meta+K"
          >
            {t("app.find")}
          </Button>
          <Tooltip label={<Keycaps shortcut="?" />}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t("actions.openSheet")}
              onClick={() => setSheetOpen(true)}
              className={classes.help}
            >
              ?
            </ActionIcon>
          </Tooltip>
          <MeMenu me={me} />
        </Group>
      </header>
      <main id="main" tabIndex={-1} className={classes.main}>
        {/* A task's own page says where its words are. */}
        {!working && <StaleNotice />}
        <Outlet />
      </main>
      <CommandPalette />
      <ShortcutSheet opened={sheetOpen} onClose={() => setSheetOpen(false)} />
    </>
  );
}

function ProjectSwitch({ me, project }: { me: Me; project: string | null }) {
  const { t } = useTranslation();
  const current = me.memberships.find((membership) => membership.project.slug === project);
  if (me.memberships.length === 0) return null;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-md" className={classes.project}>
          <span className={classes.projectName} dir="auto">
            {current?.project.name ?? project ?? t("app.chooseProject")}
          </span>
          <span aria-hidden="true" className={classes.chevron}>
            ▾
          </span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("app.projects")}</Menu.Label>
        {me.memberships.map((membership) => (
          <Menu.Item
            key={membership.project.slug}
            component={Link}
            to={`/projects/${membership.project.slug}`}
            rightSection={<span className={classes.role}>{t(`app.roles.${membership.role}`)}</span>}
          >
            <span dir="auto">{membership.project.name}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

interface NavigationProps {
  project: string;
  /** On a phone the bottom of a task page belongs to the task. */
  working: boolean;
}

/** The picture is for the phone, where the words are small and all must fit side by side. */
const MANAGER_PAGES = [
  { path: "", label: "app.work", icon: PenLine },
  { path: "/progress", label: "app.progress", icon: ChartNoAxesColumn },
  { path: "/quality", label: "app.quality", icon: Scale },
  { path: "/prompts", label: "app.prompts", icon: MessageSquareText },
  { path: "/datasets", label: "app.datasets", icon: Database },
  { path: "/sampling", label: "app.sampling", icon: Cpu },
] as const satisfies readonly { path: string; label: string; icon: LucideIcon }[];

function ManagerNavigation({ project, working }: NavigationProps) {
  const { t } = useTranslation();
  return (
    <nav className={classes.navigation} data-working={working} aria-label={t("app.projectPages")}>
      {MANAGER_PAGES.map(({ path, label, icon: Icon }) => (
        <NavLink key={path} to={`/projects/${project}${path}`} end={path === ""}>
          <Icon size={18} aria-hidden="true" className={classes.pageIcon} />
          {t(label)}
        </NavLink>
      ))}
    </nav>
  );
}
