import { lazy, Suspense, useEffect, type ComponentType } from "react";
import { createBrowserRouter, useParams } from "react-router";

import { PageLoading } from "@/components/PageLoading";
import { HomePage } from "@/features/queue/HomePage";

import { CrashPage } from "./CrashPage";
import { rememberProject } from "./lastProject";
import { NotFoundPage } from "./NotFoundPage";
import { SignedIn } from "./SignedIn";
import { StartPage } from "./StartPage";
import { WorkPage } from "./WorkPage";

const SignInPage = lazy(async () => ({
  default: (await import("@/features/account/SignInPage")).SignInPage,
}));
const ConsentPage = lazy(async () => ({
  default: (await import("@/features/account/ConsentPage")).ConsentPage,
}));
const ProgressPage = lazy(async () => ({
  default: (await import("@/features/dashboard/ProgressPage")).ProgressPage,
}));
const QualityPage = lazy(async () => ({
  default: (await import("@/features/dashboard/QualityPage")).QualityPage,
}));
const ComparisonsPage = lazy(async () => ({
  default: (await import("@/features/dashboard/ComparisonsPage")).ComparisonsPage,
}));
const ComparisonRulesPage = lazy(async () => ({
  default: (await import("@/features/dashboard/ComparisonRulesPage")).ComparisonRulesPage,
}));
const MyFiguresPage = lazy(async () => ({
  default: (await import("@/features/dashboard/MyFiguresPage")).MyFiguresPage,
}));
const ComparisonPage = lazy(async () => ({
  default: (await import("@/features/dashboard/ComparisonPage")).ComparisonPage,
}));
const DatasetsPage = lazy(async () => ({
  default: (await import("@/features/datasets/DatasetsPage")).DatasetsPage,
}));
const ImportsPage = lazy(async () => ({
  default: (await import("@/features/datasets/imports/ImportsPage")).ImportsPage,
}));
const PersonalDataPage = lazy(async () => ({
  default: (await import("@/features/datasets/personal/PersonalDataPage")).PersonalDataPage,
}));
const RecipesPage = lazy(async () => ({
  default: (await import("@/features/datasets/recipes/RecipesPage")).RecipesPage,
}));
const VersionPage = lazy(async () => ({
  default: (await import("@/features/datasets/recipes/VersionPage")).VersionPage,
}));
const SamplingPage = lazy(async () => ({
  default: (await import("@/features/sampling/SamplingPage")).SamplingPage,
}));
const PoliciesPage = lazy(async () => ({
  default: (await import("@/features/sampling/PoliciesPage")).PoliciesPage,
}));

const ConversationsPage = lazy(async () => ({
  default: (await import("@/features/written/ConversationsPage")).ConversationsPage,
}));
const ConversationPage = lazy(async () => ({
  default: (await import("@/features/written/ConversationPage")).ConversationPage,
}));
const QuestionsPage = lazy(async () => ({
  default: (await import("@/features/questions/QuestionsPage")).QuestionsPage,
}));
const WithdrawnPage = lazy(async () => ({
  default: (await import("@/features/questions/WithdrawnPage")).WithdrawnPage,
}));
const TimePage = lazy(async () => ({
  default: (await import("@/features/time/TimePage")).TimePage,
}));

const DeclarationPage = lazy(async () => ({
  default: (await import("@/features/declaration/DeclarationPage")).DeclarationPage,
}));
const PromptsPage = lazy(async () => ({
  default: (await import("@/features/prompts/PromptsPage")).PromptsPage,
}));

const page = (Page: ComponentType) => (
  <Suspense fallback={<PageLoading />}>
    <Page />
  </Suspense>
);

function ProjectPage({ page: Page }: { page: ComponentType<{ slug: string }> }) {
  const { slug = "" } = useParams();
  useEffect(() => rememberProject(slug), [slug]);
  return (
    <Suspense fallback={<PageLoading />}>
      <Page key={slug} slug={slug} />
    </Suspense>
  );
}

export const routes = [
  { path: "/sign-in", element: page(SignInPage), errorElement: <CrashPage /> },
  { path: "/consent", element: page(ConsentPage), errorElement: <CrashPage /> },
  {
    element: <SignedIn />,
    errorElement: <CrashPage />,
    children: [
      { path: "/", element: <StartPage /> },
      { path: "/projects/:slug", element: <ProjectPage page={HomePage} /> },
      { path: "/projects/:slug/work/:assignment", element: <ProjectPage page={WorkPage} /> },
      {
        path: "/projects/:slug/conversations",
        element: <ProjectPage page={ConversationsPage} />,
      },
      {
        path: "/projects/:slug/conversations/:conversation",
        element: <ProjectPage page={ConversationPage} />,
      },
      { path: "/projects/:slug/questions", element: <ProjectPage page={QuestionsPage} /> },
      { path: "/projects/:slug/withdrawn", element: <ProjectPage page={WithdrawnPage} /> },
      { path: "/projects/:slug/declaration", element: <ProjectPage page={DeclarationPage} /> },
      { path: "/projects/:slug/time", element: <ProjectPage page={TimePage} /> },
      { path: "/projects/:slug/prompts", element: <ProjectPage page={PromptsPage} /> },
      { path: "/projects/:slug/progress", element: <ProjectPage page={ProgressPage} /> },
      { path: "/projects/:slug/quality", element: <ProjectPage page={QualityPage} /> },
      { path: "/projects/:slug/mine", element: <ProjectPage page={MyFiguresPage} /> },
      { path: "/projects/:slug/comparisons", element: <ProjectPage page={ComparisonsPage} /> },
      {
        path: "/projects/:slug/comparisons/rules",
        element: <ProjectPage page={ComparisonRulesPage} />,
      },
      {
        path: "/projects/:slug/comparisons/:comparison",
        element: <ProjectPage page={ComparisonPage} />,
      },
      { path: "/projects/:slug/datasets", element: <ProjectPage page={DatasetsPage} /> },
      { path: "/projects/:slug/datasets/imports", element: <ProjectPage page={ImportsPage} /> },
      {
        path: "/projects/:slug/datasets/personal-data",
        element: <ProjectPage page={PersonalDataPage} />,
      },
      { path: "/projects/:slug/datasets/recipes", element: <ProjectPage page={RecipesPage} /> },
      {
        path: "/projects/:slug/datasets/versions/:version",
        element: <ProjectPage page={VersionPage} />,
      },
      { path: "/projects/:slug/sampling", element: <ProjectPage page={SamplingPage} /> },
      { path: "/projects/:slug/sampling/policies", element: <ProjectPage page={PoliciesPage} /> },
      { path: "*", element: <NotFoundPage /> },
    ],
  },
];

export const createRouter = () => createBrowserRouter(routes);
