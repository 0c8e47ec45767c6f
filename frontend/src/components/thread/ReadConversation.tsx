import type { Assignment } from "@/api/types";

import { PromptCard } from "./PromptCard";
import { Turn } from "./Turn";

/** A conversation in the making, to be read. */
export function ReadConversation({ assignment }: { assignment: Assignment }) {
  const messages = assignment.conversation?.messages ?? [];
  return (
    <>
      <PromptCard prompt={assignment.prompt} messages={messages} />
      {messages.map(({ id, role, content }) => (
        <Turn key={id} role={role} content={content} />
      ))}
    </>
  );
}
