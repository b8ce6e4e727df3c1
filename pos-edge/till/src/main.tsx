/** Starts the core and shows the page. All state is the core's: a reload starts again here. */
import { render } from 'preact';
import { App } from './app';
import { start } from './core';
import './styles/index.css';

const place = document.getElementById('app');
if (place) render(<App />, place);
void start();
