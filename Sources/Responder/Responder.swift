internal import LibreChat
